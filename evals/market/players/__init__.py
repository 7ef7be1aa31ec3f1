"""Who plays the market: those who decide what each contact gets, all under the same caps and chances."""
