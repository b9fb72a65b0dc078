package ingest

import (
	"context"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

// Run finishes the artifact when all phases are done: it joins the stretches of the
// tar, and tells what was found.
func (s *Images) Run(ctx context.Context, _ none, out output) error {
	a, err := s.arrange(out)
	if err != nil {
		return err
	}
	t, err := total(out, a)
	if err != nil {
		return err
	}
	all, err := summed(out)
	if err != nil {
		return err
	}
	if err := inOrder(out); err != nil {
		return err
	}
	plan, err := loadPlan[orderPlan](out, orderPhase)
	if err != nil {
		return err
	}
	if err := t.reject(ctx, out, all.conflicts); err != nil {
		return err
	}
	if err := t.joinTar(ctx, out); err != nil {
		return err
	}
	for _, note := range plan.Notes {
		out.Note("%s", note)
	}
	classes, unlabelled := all.labels()
	f := &finishing{out: out, sum: t, summary: all, unlabelled: unlabelled}
	f.count()
	f.tellLabels(classes, plan.Labels)
	return out.SetMeta(pipelines.ImagesMeta{Classes: classes})
}

type finishing struct {
	out output
	*sum
	*summary
	unlabelled int64
}

// quarantined is how many images were set aside.
func (f *finishing) quarantined() int64 { return f.all.Seen - f.all.Kept + f.Conflicts }

func (f *finishing) count() {
	f.out.Count("ingested", f.all.Seen)
	f.out.Count("images", f.Written)
	f.out.Count("duplicates", f.Copies)
	f.out.Count("quarantined", f.quarantined())
	f.out.Count("labelled", f.Written-f.unlabelled)
	f.out.Count("classes", int64(len(f.Classes)))
	f.say()
	if used := f.Copies - f.SetAside; used > 0 {
		f.out.Note("exact copies of other images, used once: %d", used)
	}
	for _, meaning := range pipelines.SortedKeys(f.all.Lenient) {
		f.out.Note("images read although they have this fault (%s: %s): %d", index.NotePrefix+lenientNote, meaning, f.all.Lenient[meaning])
	}
}

// reject sets aside what the check and the order did.
func (t *sum) reject(ctx context.Context, out output, conflicts []int64) error {
	out.Looked(t.all.Seen)
	one := func(r *artifact.Rejected) error {
		out.Reject(*r)
		return nil
	}
	for _, p := range t.parts {
		if err := eachJSON(ctx, out, p.Name+".bad", 0, p.Bad, one); err != nil {
			return err
		}
	}
	for i, n := range conflicts {
		if err := eachJSON(ctx, out, conflictName(i), 0, n, one); err != nil {
			return err
		}
	}
	return nil
}

// joinTar makes one tar of the parts' stretches, if there are any.
func (t *sum) joinTar(ctx context.Context, out output) error {
	if t.all.Spooled == 0 {
		return nil
	}
	tar, err := out.Pack(spoolName)
	if err != nil {
		return err
	}
	defer tar.Discard()
	for _, p := range t.parts {
		if p.Spooled == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := out.Work().Open(p.Name + ".tar")
		if err != nil {
			return err
		}
		err = tar.AddStretch(f, p.Spooled)
		f.Close()
		if err != nil {
			return err
		}
	}
	if err := tar.Commit(); err != nil {
		return err
	}
	return out.AddFile(spoolName, tar.Records())
}
