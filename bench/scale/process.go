package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is what a process took.
type process struct {
	cpu, peak float64 // seconds of processor time; bytes
	files     int     // the most that it had open, of what was seen every few milliseconds; 0 where that is not seen
	out       []byte  // standard output
}

// watch runs a command to its end.
func watch(program string, args ...string) (process, error) {
	cmd := exec.Command(program, args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Start(); err != nil {
		return process{}, err
	}
	ended, most := make(chan struct{}), make(chan int)
	go func() { most <- mostOpen(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	close(ended)
	p := process{files: <-most, out: out.Bytes()}
	if err != nil {
		return p, fmt.Errorf("%v: %w\n%s%s", cmd.Args, err, out.String(), log.String())
	}
	p.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.peak = float64(usage.Maxrss) * 1024
	}
	return p, nil
}

// mostOpen looks again and again how many files a process has open.
func mostOpen(pid int, ended <-chan struct{}) (most int) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
			most = max(most, len(list))
		}
		select {
		case <-ended:
			return most
		case <-tick.C:
		}
	}
}
