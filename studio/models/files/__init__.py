"""What a weight file says: headers, tensor layout, licences, safety."""
