// Keeps the page up to date: fetches its live part again and puts it in place, without moving the reader.
"use strict";

const INTERVAL_MS = 1500;
const live = document.getElementById("live");
const pause = document.getElementById("pause");
let shown = null;

const address = () => {
  const url = new URL(location.href);
  url.searchParams.set("live", "1");
  return url;
};

const put = (html) => {
  const focused = document.activeElement && live.contains(document.activeElement) ? document.activeElement.id : "";
  const open = new Map([...live.querySelectorAll("details[id]")].map((item) => [item.id, item.open]));
  live.innerHTML = html;
  for (const item of live.querySelectorAll("details[id]")) {
    if (open.has(item.id)) item.open = open.get(item.id);
  }
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
};

const update = async () => {
  if (document.hidden || pause.getAttribute("aria-pressed") === "true") return;
  const answer = await fetch(address(), { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const html = await answer.text();
  if (shown !== null && html !== shown) put(html);
  shown = html;
};

const loop = async () => {
  try {
    await update();
    document.body.dataset.state = "live";
  } catch {
    document.body.dataset.state = "offline";
  }
  setTimeout(loop, INTERVAL_MS);
};

pause.addEventListener("click", () => {
  const isPaused = pause.getAttribute("aria-pressed") === "true";
  pause.setAttribute("aria-pressed", String(!isPaused));
});
for (const choice of document.querySelectorAll(".filters select")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}
loop();
