package dataflow

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	df "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/protobuf/proto"

	"github.com/retort-ml/retort/internal/storetest"
	"github.com/retort-ml/retort/io/blob"
)

// secret is in the key and the token that the fake gives; nothing may show it.
const secret = "hush-hush-c0ffee"

// fake stands in for Dataflow's REST API and for what gives tokens.
type fake struct {
	t      *testing.T
	url    string
	bucket func(name string) string

	mu       sync.Mutex
	jobs     []*df.Job
	states   map[string][]string // of a job, to come: the last one stays
	messages []string            // of a job that failed
	refuse   map[string]refusal  // "POST jobs", "GET job", "GET messages", "PUT job", "token"
	calls    []string
	creating func()                                              // when a job is to be started
	run      func(ctx context.Context, p *pipepb.Pipeline) error // nil: jobs are done at once
	cancels  map[string]context.CancelFunc
}

type refusal struct {
	code         int
	message      string
	reason, once string
}

// newFake starts it, with a bucket and a key file that the environment names.
func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, states: map[string][]string{}, refuse: map[string]refusal{}, cancels: map[string]context.CancelFunc{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url, f.bucket = server.URL+"/", storetest.Bucket(t, "gs")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "my-project-1", "client_email": "me@my-project-1.iam.gserviceaccount.com", "private_key_id": secret,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": server.URL + "/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
	poll, pause := pollTime, firstPause
	pollTime, firstPause = 5*time.Millisecond, time.Millisecond
	t.Cleanup(func() { pollTime, firstPause = poll, pause })
	return f
}

// runner is one that has all that it needs.
func (f *fake) runner() Runner {
	return Runner{Project: "my-project-1", Region: "europe-west4", Staging: f.bucket("staging"), Endpoint: f.url, Binary: program(f.t, true)}
}

// program writes the head of a program for linux/amd64, static or not.
func program(t *testing.T, static bool) string {
	t.Helper()
	head := make([]byte, 64+56)
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20] = 2, 62, 1                // executable, amd64, version
	head[32], head[52], head[54], head[56] = 64, 64, 56, 1 // one entry of 56 bytes behind the head
	if head[64] = 1; !static {
		head[64] = 3 // wants an interpreter
	}
	head[58] = 64 // size of a section's head
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, head, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, id := f.kind(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, kind)
	if kind != "token" && r.Header.Get("Authorization") != "Bearer "+secret {
		f.t.Errorf("%s without the token", kind)
	}
	if kind == "POST jobs" && f.creating != nil {
		f.creating()
	}
	if no, refused := f.refuse[kind]; refused {
		if no.once != "" {
			delete(f.refuse, kind)
		}
		w.WriteHeader(no.code)
		answer(w, map[string]any{"error": map[string]any{"code": no.code, "message": no.message, "errors": []map[string]string{{"reason": no.reason, "message": no.message}}}})
		return
	}
	switch kind {
	case "token":
		w.Header().Set("Content-Type", "application/json")
		answer(w, map[string]any{"access_token": secret, "token_type": "Bearer", "expires_in": 3600})
	case "POST jobs":
		answer(w, f.create(r))
	case "GET job":
		answer(w, &df.Job{Id: id, CurrentState: f.state(id)})
	case "PUT job":
		var want df.Job
		if err := json.NewDecoder(r.Body).Decode(&want); err != nil || want.RequestedState != "JOB_STATE_CANCELLED" {
			f.t.Errorf("an update: %+v, %v", want, err)
		}
		if end := f.cancels[id]; end != nil {
			end()
		}
		f.states[id] = []string{"JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"}
		answer(w, &df.Job{Id: id})
	case "GET messages":
		var list []*df.JobMessage
		for _, text := range f.messages {
			list = append(list, &df.JobMessage{MessageText: text, MessageImportance: "JOB_MESSAGE_ERROR"})
		}
		answer(w, &df.ListJobMessagesResponse{JobMessages: list})
	default:
		w.WriteHeader(http.StatusNotFound)
		answer(w, map[string]any{"error": map[string]any{"code": 404, "message": "no such page"}})
	}
}

func answer(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func (f *fake) kind(r *http.Request) (kind, id string) {
	if r.URL.Path == "/token" {
		return "token", ""
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/v1b3/projects/my-project-1/locations/europe-west4/jobs")
	switch parts := strings.Split(rest, "/"); {
	case !ok:
		return r.Method + " " + r.URL.Path, ""
	case rest == "":
		return r.Method + " jobs", ""
	case len(parts) == 2:
		return r.Method + " job", parts[1]
	default:
		return r.Method + " " + parts[2], parts[1]
	}
}

func (f *fake) create(r *http.Request) *df.Job {
	var job df.Job
	if err := json.NewDecoder(r.Body).Decode(&job); err != nil {
		f.t.Error(err)
	}
	job.Id = fmt.Sprintf("2026-01-01_00_00_00-%d", len(f.jobs)+1)
	f.jobs = append(f.jobs, &job)
	if f.run == nil {
		if f.states[job.Id] == nil {
			f.states[job.Id] = []string{"JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_DONE"}
		}
		return &job
	}
	f.states[job.Id] = []string{"JOB_STATE_RUNNING"}
	p := f.pipeline(&job)
	ctx, end := context.WithCancel(context.Background())
	f.cancels[job.Id] = end
	go func() {
		defer end()
		err := f.run(ctx, p)
		f.mu.Lock()
		defer f.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			f.states[job.Id] = []string{"JOB_STATE_CANCELLED"}
		case err != nil:
			f.states[job.Id], f.messages = []string{"JOB_STATE_FAILED"}, []string{"Workflow failed. Causes: " + err.Error()}
		default:
			f.states[job.Id] = []string{"JOB_STATE_DONE"}
		}
	}()
	return &job
}

func (f *fake) state(id string) string {
	list := f.states[id]
	if len(list) == 0 {
		return "JOB_STATE_UNKNOWN"
	}
	if len(list) > 1 {
		f.states[id] = list[1:]
	}
	return list[0]
}

// options are a job's pipeline options.
type options struct {
	Options struct {
		PipelineURL       string   `json:"pipelineUrl"`
		PipelineProtoHash string   `json:"pipelineProtoHash"`
		Region            string   `json:"region"`
		Experiments       []string `json:"experiments"`
		TempLocation      string   `json:"tempLocation"`
	} `json:"options"`
}

func (f *fake) options(job *df.Job) (o options) {
	if err := json.Unmarshal(job.Environment.SdkPipelineOptions, &o); err != nil {
		f.t.Error(err)
	}
	return o
}

// pipeline is what a job was told to run, as it was staged.
func (f *fake) pipeline(job *df.Job) *pipepb.Pipeline {
	o := f.options(job)
	data := f.object(o.Options.PipelineURL)
	if hashOf(data) != o.Options.PipelineProtoHash {
		f.t.Errorf("the pipeline at %s is not that of the job", o.Options.PipelineURL)
	}
	p := &pipepb.Pipeline{}
	if err := proto.Unmarshal(data, p); err != nil {
		f.t.Error(err)
	}
	return p
}

func (f *fake) object(url string) []byte {
	at := strings.LastIndexByte(url, '/')
	dir, err := blob.Open(url[:at])
	if err != nil {
		f.t.Error(err)
		return nil
	}
	data, err := dir.ReadFile(url[at+1:])
	if err != nil {
		f.t.Error(err)
	}
	return data
}
