"""source/ and the complete library -> what students get."""
