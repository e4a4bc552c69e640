"""The request path from the socket to the route handler and back: parsing, limits, authentication, errors."""
