"""Tables of papers, reproduced by one command each, published and measured side by side."""
