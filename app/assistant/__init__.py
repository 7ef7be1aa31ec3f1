"""The assistant's tools at work: the product's own functions, called for whoever asks."""
