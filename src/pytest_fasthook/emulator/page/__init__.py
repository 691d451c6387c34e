"""The page for people: sources, connections and live requests, rendered on the server without a build step."""
