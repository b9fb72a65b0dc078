package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	cdk "gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// RefusedError says that a store does not let this process do something.
type RefusedError struct {
	URL    string // of the object
	Op     string // "read", "write", …
	Needs  string // the permission, and a role that has it
	Answer string // of the store
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s: not allowed to %s it (%s); that takes %s", e.URL, e.Op, e.Answer, e.Needs)
}

// Is makes it an fs.ErrPermission.
func (e *RefusedError) Is(target error) bool { return target == fs.ErrPermission }

// problem is an error of a platform in our words, with the object and what mends it.
func (b *bucket) problem(ctx context.Context, op, name string, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %s: %w", b.at(name), op, cause)
	}
	status, code := b.failed(err)
	kind := gcerrors.Code(err)
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &RefusedError{b.at(name), op, b.needs[op], fmt.Sprint(status, " ", code)}
	case strings.Contains(code, "NoSuchBucket"), strings.Contains(code, "bucket does not exist"):
		return b.noBucket()
	case status == http.StatusNotFound, kind == gcerrors.NotFound:
		if err := b.looked(ctx); err != nil {
			return err
		}
		return &fs.PathError{Op: op, Path: b.at(name), Err: fs.ErrNotExist}
	case status == http.StatusPreconditionFailed, kind == gcerrors.FailedPrecondition:
		if op == "read" {
			return fmt.Errorf("%s: it was replaced by another while it was being read", b.at(name))
		}
		return &fs.PathError{Op: op, Path: b.at(name), Err: fs.ErrExist}
	}
	return fmt.Errorf("%s: %s: %w", b.at(name), op, err)
}

func (b *bucket) noBucket() error {
	return fmt.Errorf("%s%s: there is no such bucket (check its name, or make it)", b.url, b.query)
}

// looked finds out, once, whether an object is missing because its bucket is:
// some answers do not tell.
func (b *bucket) looked(ctx context.Context) error {
	b.there.Do(func() {
		_, _, err := b.cdk.ListPage(ctx, cdk.FirstPageToken, 1, nil)
		if err == nil {
			return
		}
		if status, code := b.failed(err); status == http.StatusNotFound || strings.Contains(code, "NoSuchBucket") {
			b.gone = b.noBucket()
		}
	})
	return b.gone
}
