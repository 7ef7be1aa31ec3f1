"""The HTTP door: what readers of our messages and their providers may ask of us. `make_app(house)` is all of it."""

from app.web.building import make_app

__all__ = ["make_app"]
