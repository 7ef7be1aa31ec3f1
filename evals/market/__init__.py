"""The sample market: a generated vendor, its content, its buyers. No real person or company."""
