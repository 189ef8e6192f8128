// Package cachedir keeps results in a directory, a file each, under names of hexadecimal digits.
//
// A file is written beside its place and moved there, so that whoever reads it, in this program or another, sees all of it or
// nothing. What cannot be written is not kept; [Dir.Err] says why. Whether a file has what was written is for its reader to
// check: the directory is the user's.
package cachedir

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
)

// A Dir is a directory of results. It may be used by several goroutines at once, as the directory by several programs.
type Dir struct {
	path string

	mu  sync.Mutex
	err error
}

// Open makes the directory if there is none, and checks that files can be written there.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(path, temporary)
	if err != nil {
		return nil, err
	}
	return &Dir{path: path}, errors.Join(f.Close(), os.Remove(f.Name()))
}

// temporary is the pattern of the names of files that are being written.
const temporary = "writing-*"

// file returns the place of a result. A directory holds those that begin with the same two digits.
func (d *Dir) file(key string) string { return filepath.Join(d.path, key[:2], key[2:]) }

// Get returns what was put under a key, or nil.
func (d *Dir) Get(key string) []byte {
	data, err := os.ReadFile(d.file(key))
	if err != nil {
		return nil
	}
	return data
}

// Put keeps data under a key.
func (d *Dir) Put(key string, data []byte) {
	if err := write(d.file(key), data); err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.err == nil {
			d.err = err
		}
	}
}

// Err returns the first error for which something was not kept.
func (d *Dir) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

func write(file string, data []byte) (err error) {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, temporary)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
