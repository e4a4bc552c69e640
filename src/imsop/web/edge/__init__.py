"""The way of a request: from the connection to the route, and back."""
