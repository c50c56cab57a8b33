"""L1: nodes and pods as struct-of-arrays, interned shapes, change logs, the audit."""
