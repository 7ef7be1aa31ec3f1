"""How good it is: datasets, baselines, benchmarks, and the sample market."""
