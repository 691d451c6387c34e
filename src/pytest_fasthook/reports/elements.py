"""HTML and SVG as a tree: text can only ever be text, and what is opened is closed."""

from __future__ import annotations

from xml.etree import ElementTree as ET

Node = ET.Element | str


def el(tag: str, *children: Node, **attributes: str) -> ET.Element:
    """Return an element; ``class_="x"`` and ``aria_label="x"`` become ``class`` and ``aria-label``."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    element = ET.Element(tag, named)
    for child in children:
        append(element, child)
    return element


def append(parent: ET.Element, child: Node) -> None:
    """Add a child after everything that ``parent`` holds."""
    if isinstance(child, ET.Element):
        parent.append(child)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + child
    else:
        parent.text = (parent.text or "") + child


def page(root: ET.Element) -> str:
    """Return a whole HTML page."""
    return "<!doctype html>\n" + ET.tostring(root, encoding="unicode", method="html") + "\n"
