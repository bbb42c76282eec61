"""Pages of change requests: proposed, reviewed, approved and merged moves of labels."""
