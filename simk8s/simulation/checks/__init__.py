"""L4: does a user's strategy or controller keep the rules?"""
