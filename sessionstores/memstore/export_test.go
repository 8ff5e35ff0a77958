package memstore

// EntryCount returns the number of entries that take up memory, including expired ones.
func EntryCount(s *Store) int {
	entries, _ := held(s)
	return entries
}
