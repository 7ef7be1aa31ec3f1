"""The HTTP API under `/api/v1`: the assistant's tools and conversations for programs, described in OpenAPI."""
