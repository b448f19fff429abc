"""The WebSocket at `/api/v1/ws`: topics that a client subscribes to, each a snapshot and then its changes.

- ``feeds``: what the items of each topic are.
- ``versions``: a topic's items over time: what has changed since a version.
- ``prepared``: one message, made and compressed once for all clients.
- ``hub``: computes topics while somebody is subscribed, and makes their messages.
- ``protocol``: the messages in and out.
- ``session``: one client.
- ``refusal``: an upgrade that is refused is answered by a problem document.
- ``router``: the route.
"""
