"""The web app in a real browser, headless: Debian's or any Chromium on this machine."""
