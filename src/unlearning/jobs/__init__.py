"""Training an ensemble, and running a method on one."""
