"""Pages of prompts: lists, their orders and search."""
