package program

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/artifact"
	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
	"google.golang.org/protobuf/proto"

	"github.com/retort-ml/retort/internal/stdio"
)

// bootFlag, first of the arguments, makes the program what Beam's boot is in Beam's
// containers: it asks the runner for the program that was staged for the job and
// becomes that one. Where that is this very program, as in a container that was
// built for it, nothing is fetched.
const bootFlag = "--boot"

func boot(ctx context.Context, args []string) error {
	w, err := parseWorker(args)
	if err != nil {
		return Usage(err)
	}
	if w.provision == "" || w.id == "" {
		return Usage(errors.New("boot: want --id and --provision_endpoint"))
	}
	ctx = grpcx.WriteWorkerID(ctx, w.id)
	info, err := w.ask(ctx)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "retort-boot-*")
	if err != nil {
		return err
	}
	file, err := w.staged(ctx, info, folder)
	if err != nil {
		return fmt.Errorf("worker %s: the program that was staged for the job: %w", w.id, err)
	}
	if file == "" {
		return errors.Join(os.RemoveAll(folder), w.work(ctx))
	}
	options := filepath.Join(folder, "pipeline_options.json")
	if err := os.WriteFile(options, []byte(w.options), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Err, "worker %s: becomes the staged program %s\n", w.id, file)
	err = syscall.Exec(file, append([]string{file}, w.arguments()...), append(os.Environ(),
		"PIPELINE_OPTIONS_FILE="+options, "STATUS_ENDPOINT="+w.harness.StatusEndpoint, "RUNNER_CAPABILITIES="+strings.Join(w.harness.RunnerCapabilities, " ")))
	return fmt.Errorf("worker %s: the staged program cannot run in this container: %w", w.id, err)
}

// arguments are those of a worker in Beam's containers.
func (w *worker) arguments() []string {
	return []string{"--worker=true", "--id=" + w.id, "--logging_endpoint=" + w.logging, "--control_endpoint=" + w.control, "--semi_persist_dir=" + w.persist}
}

// staged is the file of the job's program, fetched into a folder; "" is this program.
func (w *worker) staged(ctx context.Context, info *fnpb.ProvisionInfo, folder string) (string, error) {
	wanted, err := programOf(info.GetDependencies())
	if err != nil {
		return "", err
	}
	if len(wanted) == 1 {
		own, err := ownSum()
		if err != nil {
			return "", err
		}
		if sumIn(wanted[0]) == own {
			return "", nil
		}
	}
	if w.artifacts == "" {
		return "", errors.New("the runner names no artifact endpoint to fetch it from")
	}
	got, err := artifact.Materialize(ctx, w.artifacts, wanted, info.GetRetrievalToken(), folder)
	if err != nil {
		return "", err
	}
	if got, err = programOf(got); err != nil {
		return "", err
	}
	if len(got) == 0 {
		return "", nil // nothing was staged: the container has what there is
	}
	var at pipepb.ArtifactFilePayload
	if err := proto.Unmarshal(got[0].GetTypePayload(), &at); err != nil {
		return "", err
	}
	file := filepath.Join(folder, filepath.FromSlash(at.GetPath()))
	return file, os.Chmod(file, 0o755)
}

// programOf picks the program out of what was staged: the only one, the one of that
// role, or the one of Beam's name for it.
func programOf(all []*pipepb.ArtifactInformation) ([]*pipepb.ArtifactInformation, error) {
	if len(all) < 2 {
		return all, nil
	}
	for i, a := range all {
		if a.GetRoleUrn() == artifact.URNGoWorkerBinaryRole {
			return all[i : i+1], nil
		}
	}
	for i, a := range all {
		var at pipepb.ArtifactFilePayload
		if a.GetTypeUrn() == artifact.URNFileArtifact && proto.Unmarshal(a.GetTypePayload(), &at) == nil && at.GetPath() == "worker" {
			return all[i : i+1], nil
		}
	}
	return nil, fmt.Errorf("%d files were staged, and none says that it is the program", len(all))
}

// sumIn is the SHA-256 that an artifact says to have; "" where it says nothing.
func sumIn(a *pipepb.ArtifactInformation) string {
	var file pipepb.ArtifactFilePayload // a URL's payload has the sum in the same field
	if proto.Unmarshal(a.GetTypePayload(), &file) != nil {
		return ""
	}
	return file.GetSha256()
}

// ownSum is the SHA-256 of this program.
func ownSum() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
