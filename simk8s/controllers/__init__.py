"""L3: one reconciler a file, level-triggered over deduplicated keys."""
