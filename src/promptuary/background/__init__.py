"""Work that each worker does beside requests: usage counts, sampled metrics and maintenance."""
