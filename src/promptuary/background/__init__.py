"""Work of a worker beside requests: following changes, writing usage, sampling metrics, maintenance, sending webhooks."""
