//go:build !linux

package tfrecord

import "errors"

func preallocate(fd uintptr, offset, length int64) error { return errors.ErrUnsupported }
