package dataflow

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
)

// problem is an error of the API in our words: what was to be done, what stands
// against it, and what mends that. needs is the permission for it.
func (a *api) problem(what, needs string, err error) error {
	if err == nil {
		return nil
	}
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) { // its body is not ours to show
		return fmt.Errorf("cannot %s: Google gives no token for the credentials (%s); log in anew (gcloud auth application-default login), or see whether the key is still valid", what, cause(refused))
	}
	var answer *googleapi.Error
	if !errors.As(err, &answer) {
		return fmt.Errorf("cannot %s: the API of Dataflow does not answer: %w", what, err)
	}
	text := answer.Message
	if text == "" {
		text = http.StatusText(answer.Code)
	}
	told := fmt.Sprintf("cannot %s: %d %s", what, answer.Code, text)
	switch {
	case disabled(answer):
		return fmt.Errorf("%s (enable it: gcloud services enable dataflow.googleapis.com --project %s)", told, a.project)
	case quota(text) || answer.Code == http.StatusTooManyRequests:
		return errors.New(told + a.quotaHint())
	case answer.Code == http.StatusForbidden:
		return fmt.Errorf("%s; that takes %s, in project %s", told, needs, a.project)
	case answer.Code == http.StatusUnauthorized:
		return fmt.Errorf("%s (log in: gcloud auth application-default login)", told)
	case answer.Code == http.StatusNotFound && strings.HasPrefix(what, "look at"):
		return fmt.Errorf("cannot %s in project %s, region %s: %w", what, a.project, a.region, errNoJob)
	case answer.Code == http.StatusNotFound:
		return fmt.Errorf("%s (is there a project %s, and a region %s?)", told, a.project, a.region)
	case answer.Code == http.StatusConflict:
		return fmt.Errorf("%s (give another --job-name)", told)
	}
	return errors.New(told)
}

func cause(e *oauth2.RetrieveError) string {
	if e.ErrorCode != "" {
		return e.ErrorCode
	}
	if e.Response != nil {
		return e.Response.Status
	}
	return "no reason is given"
}

func disabled(e *googleapi.Error) bool {
	for _, item := range e.Errors {
		if item.Reason == "accessNotConfigured" {
			return true
		}
	}
	return strings.Contains(e.Message, "has not been used in project") || strings.Contains(e.Body, "SERVICE_DISABLED")
}

func quota(text string) bool {
	upper := strings.ToUpper(text)
	return strings.Contains(upper, "QUOTA")
}

func (a *api) quotaHint() string {
	return fmt.Sprintf(" (see what there is, and ask for more, at https://console.cloud.google.com/iam-admin/quotas?project=%s; or want less: --max-workers, --machine-type, --accelerator, another --region)", a.project)
}

// mend is what helps against what a job failed of, as a line of its own; "" where
// nothing is known.
func (a *api) mend(text string) string {
	switch {
	case quota(text):
		return "that is the project's quota" + a.quotaHint() + "\n"
	case strings.Contains(text, "ZONE_RESOURCE_POOL_EXHAUSTED") || strings.Contains(text, "does not have enough resources"):
		return "there are no such machines free: try another --region, --accelerator or --machine-type, or later\n"
	case strings.Contains(text, "actAs") || strings.Contains(text, "iam.serviceAccounts"):
		return "who starts jobs needs roles/iam.serviceAccountUser on the account that workers run as (--service-account)\n"
	case strings.Contains(text, "storage.objects") || strings.Contains(text, "does not have storage"):
		return "the account that workers run as needs roles/storage.objectAdmin on the buckets of --staging, --temp, --out and the images\n"
	}
	return ""
}
