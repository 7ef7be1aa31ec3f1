"""Ways out of the house, one provider a file; all pass the contract of tests/contracts/test_channels.py."""
