"""Is the learner's choice worth as much as the best single e-mail's? Hillstrom's randomised experiment (2008) tells."""
