"""Language models: one provider a file, with what they share (schemas, retries, budgets, prices)."""
