"""What a program decides for all of its members: policy, rules as a document, rehearsals."""
