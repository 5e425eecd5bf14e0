"""People decide: the queue, claims, decisions and the second approval. Optional; label `liveness_review`."""
