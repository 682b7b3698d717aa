"""The numbers: each a function of prediction tables, in the sample and in every resample."""
