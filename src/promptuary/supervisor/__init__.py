"""The process that starts the workers and restarts those that exit. Imports the standard library only, so that it stays small."""
