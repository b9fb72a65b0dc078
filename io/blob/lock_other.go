//go:build !unix

package blob

import "os"

// tryLock does nothing where the system offers no advisory lock that ends with
// its process.
func tryLock(*os.File) error { return nil }
