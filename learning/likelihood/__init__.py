"""How likely one outcome is within a window: additive, calibrated models that say when they cannot tell.

`table` holds the cases, `shapes` the additive models, `forward` splits by time, `model` trains and explains,
`skill` decides whether there is anything to say, `calibration` measures honesty, `capacity` picks.
"Propensity" is a word for an action's probability of being drawn; a likelihood speaks of the world.
"""
