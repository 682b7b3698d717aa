"""The audit: who is compared with whom, the verdicts on it, and the words for them."""
