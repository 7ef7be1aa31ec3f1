"""The assistant's evaluation on a real house: the sample market at a fixed moment, and what is true of it."""
