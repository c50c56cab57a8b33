"""L3: the cloud that machines come from: an API with limits, and clients that ask again."""
