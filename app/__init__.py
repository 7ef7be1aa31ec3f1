"""The doors: settings, wiring, runs, the command line. The only room that knows all the others."""
