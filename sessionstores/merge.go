package sessionstores

import (
	"bytes"
	"reflect"

	"github.com/alexedwards/scs/v2"
)

// maxConflicts bounds how often a request merges its changes into a session that others keep
// changing.
const maxConflicts = 200

// A mergeBase is what a request has read and what it wants to store instead.
type mergeBase struct {
	codec    scs.Codec
	original payload
	mine     payload
}

// into returns what is to be stored when another request has stored theirs meanwhile: what this
// request has changed, value by value, and theirs where it has changed nothing. If one of them
// cannot be decoded, mine is stored.
func (b *mergeBase) into(theirs payload) (payload, error) {
	merged := theirs
	if !b.mine.deadline.Equal(b.original.deadline) {
		merged.deadline = b.mine.deadline
	}
	if b.mine.persistent != b.original.persistent {
		merged.persistent = b.mine.persistent
	}
	if !bytes.Equal(b.mine.attachment, b.original.attachment) {
		merged.attachment = b.mine.attachment
	}
	if !bytes.Equal(b.mine.names, b.original.names) {
		merged.names = b.mine.names
	}

	_, originalValues, err := b.codec.Decode(b.original.values)
	if err != nil {
		return b.mine, nil //nolint:nilerr // as documented
	}
	_, myValues, err := b.codec.Decode(b.mine.values)
	if err != nil {
		return b.mine, nil //nolint:nilerr // as documented
	}
	_, values, err := b.codec.Decode(theirs.values)
	if err != nil {
		return b.mine, nil //nolint:nilerr // as documented
	}

	applyChanges(values, originalValues, myValues)
	merged.values, err = b.codec.Encode(merged.deadline, values)

	return merged, err
}

// applyChanges makes the changes that lead from original to mine in values.
func applyChanges(values, original, mine map[string]any) {
	for key := range original {
		if _, kept := mine[key]; !kept {
			delete(values, key)
		}
	}

	for key, value := range mine {
		before, existed := original[key]
		if !existed || !reflect.DeepEqual(before, value) {
			values[key] = value
		}
	}
}
