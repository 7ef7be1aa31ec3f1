"""What providers tell us about messages, one provider a file; all pass tests/contracts/test_webhooks.py."""
