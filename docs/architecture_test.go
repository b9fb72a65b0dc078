package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted = regexp.MustCompile("`([^`\n]+)`")
	symbol = regexp.MustCompile(`^([a-z0-9]+(?:/[a-z0-9]+)*)\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)?)$`)
	folder = regexp.MustCompile(`^[a-z0-9]+(/[a-z0-9_]+)*(\.go)?$`)
)

// TestArchitectureNamesWhatExists looks up every package, file and declaration that stands between
// backquotes in docs/architecture.md.
func TestArchitectureNamesWhatExists(t *testing.T) {
	page, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	symbols := 0
	for _, match := range quoted.FindAllStringSubmatch(string(page), -1) {
		name := match[1]
		if folder.MatchString(name) {
			if _, err := os.Stat(filepath.Join("..", name)); err != nil {
				t.Errorf("%s does not exist", name)
			}
			continue
		}
		m := symbol.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		symbols++
		if known, err := declarations(filepath.Join("..", m[1])); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !known[m[2]] {
			t.Errorf("%s: package %s does not declare it", name, m[1])
		}
	}
	if symbols < 30 {
		t.Errorf("only %d declarations are named; the test misses them", symbols)
	}
}

// declarations are the names that the package in dir declares, methods as Type.Method.
func declarations(dir string) (map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		return nil, os.ErrNotExist
	}
	known := map[string]bool{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			declare(known, d)
		}
	}
	return known, nil
}

func declare(known map[string]bool, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			name = receiver(d.Recv.List[0].Type) + "." + name
		}
		known[name] = true
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if s, ok := s.(*ast.TypeSpec); ok {
				known[s.Name.Name] = true
			}
		}
	}
}

func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}
