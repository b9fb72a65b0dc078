package table

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

func save(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// rowsOf are the rows of a table as "line:key=label", and its notes.
func rowsOf(t testing.TB, path string, kind Kind) (rows []string, notes string, err error) {
	t.Helper()
	table, err := Open(path, kind)
	if err != nil {
		return nil, "", err
	}
	defer table.Close()
	for row, err := range table.Rows() {
		if err != nil {
			return rows, "", err
		}
		rows = append(rows, fmt.Sprintf("%d:%s=%s", row.Line, row.Key, row.Label))
	}
	return rows, strings.Join(table.Notes(), "\n"), nil
}

// TestLayouts: what people write is read as they meant it.
func TestLayouts(t *testing.T) {
	cases := []struct {
		name, file string
		kind       Kind
		text       string
		want       []string
		note       string
	}{
		{"comma", "a.csv", Labels, "path,label\na.jpg,cat\nb.jpg,dog\n", []string{"2:a.jpg=cat", "3:b.jpg=dog"}, ""},
		{"semicolon", "a.csv", Labels, "path;label\na.jpg;cat\nb,b.jpg;dog\n", []string{"2:a.jpg=cat", "3:b,b.jpg=dog"}, ""},
		{"tab", "a.csv", Labels, "path\tlabel\na.jpg\tcat\n", []string{"2:a.jpg=cat"}, ""},
		{"pipe", "a.txt", Labels, "path|label\na.jpg|cat\n", []string{"2:a.jpg=cat"}, ""},
		{"blank", "val.txt", Labels, "n01/a b.JPEG 0\nn02/c.JPEG  17\n", []string{"1:n01/a b.JPEG=0", "2:n02/c.JPEG=17"}, ""},
		{"bare", "a.csv", Labels, "a.jpg,cat\nb.jpg,dog\n", []string{"1:a.jpg=cat", "2:b.jpg=dog"}, ""},
		{"label first", "a.csv", Labels, "cat,a.jpg\ndog,b.jpg\n", []string{"1:a.jpg=cat", "2:b.jpg=dog"}, ""},
		{"running number", "a.csv", Labels, "0,a.jpg,cat\n1,b.jpg,dog\n2,c.jpg,dog\n", []string{"1:a.jpg=cat", "2:b.jpg=dog", "3:c.jpg=dog"}, ""},
		{"CR", "a.csv", Labels, "path,label\ra.jpg,cat\rb.jpg,dog\r", []string{"2:a.jpg=cat", "3:b.jpg=dog"}, ""},
		{"CR LF", "a.csv", Labels, "path,label\r\na.jpg,cat\r\n\r\nb.jpg,dog", []string{"2:a.jpg=cat", "4:b.jpg=dog"}, ""},
		{"mixed ends", "a.csv", Labels, "path,label\ra.jpg,cat\nb.jpg,dog\r\n", []string{"2:a.jpg=cat", "3:b.jpg=dog"}, ""},
		{"quotes", "a.csv", Labels, "\"path\",\"label\"\n\"a, \"\"b\"\".jpg\", \"x\"\nk\"l.jpg,y\n\"new\nline.jpg\",z\n", []string{"2:a, \"b\".jpg=x", "3:k\"l.jpg=y", "4:new\nline.jpg=z"}, ""},
		{"blanks kept", "a.csv", Labels, "path,label\n lead.jpg, x \ntrail .jpg,y\n", []string{"2: lead.jpg=x", "3:trail .jpg=y"}, ""},
		{"Excel's hint", "a.csv", Labels, "sep=;\npath;label\na.jpg;cat\n", []string{"3:a.jpg=cat"}, ""},
		{"empty columns", "a.csv", Labels, ",filename,class,\n0,a.jpg,cat,\n1,b.jpg,dog,\n", []string{"2:a.jpg=cat", "3:b.jpg=dog"}, ""},
		{"surplus separators", "a.csv", Labels, "path,label\na.jpg,cat,,\nb.jpg,dog\n", []string{"2:a.jpg=cat", "3:b.jpg=dog"}, ""},
		{"integers are text", "a.csv", Labels, "id,label\n007,007\n", []string{"2:007=007"}, ""},

		{"dog breeds", "l.csv", Labels, "id,breed\n000bec180eb18c7604dcecc8fe0dba07,boston_bull\n", []string{"2:000bec180eb18c7604dcecc8fe0dba07=boston_bull"}, ""},
		{"skin lesions", "l.csv", Labels, "lesion_id,image_id,dx,dx_type,age\nH1,I1,bkl,histo,80.0\n", []string{"2:I1=bkl"}, `"image_id", their classes by "dx"; not used: "lesion_id", "dx_type", "age"`},
		{"whales", "l.csv", Labels, "Image,Id\na.jpg,w_1\n", []string{"2:a.jpg=w_1"}, ""},
		{"retina", "l.csv", Labels, "id_code,diagnosis\n0a,2\n", []string{"2:0a=2"}, ""},
		{"unknown class column", "l.csv", Labels, "file,has_cactus\na.jpg,1\n", []string{"2:a.jpg=1"}, ""},
		{"chest", "l.csv", Labels, "Image Index,Finding Labels,Age\na.png,Mass|Nodule,58\n", []string{"2:a.png=Mass|Nodule"}, `not used: "Age"`},
		{"names of another language", "l.csv", Labels, "Bild,Klasse\na.jpg,Hund\nb.jpg,Katze\n", []string{"2:a.jpg=Hund", "3:b.jpg=Katze"}, "line 1 is taken for the names"},
		{"one column a class", "l.csv", Labels, "image,MEL,NV,BCC\nI1,0.0,1.0,0.0\nI2,1.0,0.0,0.0\nI3,0,0,0\n", []string{"2:I1=NV", "3:I2=MEL", "4:I3="}, ""},
		{"one column a class beside others", "l.csv", Labels, "image,age,MEL,NV\nI1,50,0,1\nI2,60,1,0\n", []string{"2:I1=NV", "3:I2=MEL"}, `columns with a 1 (2); not used: "age"`},

		{"blank labels", "l.csv", Labels, "path,label\na.jpg,cat\nb.jpg,\nc.jpg,  \n", []string{"2:a.jpg=cat", "3:b.jpg=", "4:c.jpg="}, ""},
		{"words for nothing", "l.csv", Labels, "path,label\na.jpg,cat\nb.jpg,NA\nc.jpg,nan\nd.jpg,\"NA\"\ne.jpg,none\n", []string{"2:a.jpg=cat", "3:b.jpg=", "4:c.jpg=", "5:d.jpg=NA", "6:e.jpg=none"}, "NA 1 times, nan 1 times"},
		{"marks that nobody sees", "l.csv", Labels, "path,label\na.jpg,cat\u200b\nb.jpg,\u200e cat\u00a0\nc.jpg,a\u200db\n", []string{"2:a.jpg=cat", "3:b.jpg=cat", "4:c.jpg=a\u200db"}, ""},
		{"joined tables", "l.csv", Labels, "\ufeffpath,label\na.jpg,cat\n\ufeffpath,label\nb.jpg,dog\npath , label\nc.jpg,dog\n", []string{"2:a.jpg=cat", "4:b.jpg=dog", "6:c.jpg=dog"}, "name the columns again, as in tables that were joined, passed over: 2"},
		{"joined lists", "l.txt", Images, "\ufeffa.jpg\n\ufeffb.jpg\n", []string{"1:a.jpg=", "2:b.jpg="}, ""},
		{"composed", "l.csv", Labels, "path,label\na.jpg,cafe\u0301\n", []string{"2:a.jpg=caf\u00e9"}, ""},
		{"names with #", "l.csv", Labels, "path,label\n#1 best.jpg,cat\n#2.jpg,cat\n", []string{"2:#1 best.jpg=cat", "3:#2.jpg=cat"}, ""},
		{"comments", "l.csv", Labels, "# by Ann\n#path,label\na.jpg,cat\n# the rest is by Bob\nb.jpg,dog\n", []string{"3:a.jpg=cat", "5:b.jpg=dog"}, "taken as comments, since they begin with # and name no image: 2, the first is line 1"},

		{"list", "l.txt", Images, "a.jpg\n\n#2.jpg\n\"q, r.jpg\"\n s.jpg\n", []string{"1:a.jpg=", "3:#2.jpg=", "4:q, r.jpg=", "5: s.jpg="}, ""},
		{"list of names with commas", "l.txt", Images, "Smith, J/1.jpg\nDoe, A/2.jpg\n", []string{"1:Smith, J/1.jpg=", "2:Doe, A/2.jpg="}, ""},
		{"list with classes", "l.txt", Images, "a.jpg\tcat\nb.jpg\tdog\n", []string{"1:a.jpg=cat", "2:b.jpg=dog"}, ""},
		{"list with semicolons", "l.csv", Images, "path;label\n0.jpg;a\n", []string{"2:0.jpg=a"}, ""},
		{"one column", "l.csv", Images, "path\n\"a, b.jpg\"\n\"c.jpg\"\n", []string{"2:a, b.jpg=", "3:c.jpg="}, ""},
		{"no classes", "l.csv", Images, "filename,width,height\na.jpg,10,20\n", []string{"2:a.jpg="}, `not used: "width", "height"`},
		{"ids", "ids.txt", IDs, "image_id\nx/1.jpg\ny, 2.jpg\n", []string{"2:x/1.jpg=", "3:y, 2.jpg="}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rows, notes, err := rowsOf(t, save(t, c.file, c.text), c.kind)
			if err != nil || !slices.Equal(rows, c.want) {
				t.Errorf("%q, %v\nwant %q", rows, err, c.want)
			}
			if !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
				t.Errorf("notes %q; want %q", notes, c.note)
			}
		})
	}
}

// TestNamed: what cannot be read is named with its place and what to do.
func TestNamed(t *testing.T) {
	for _, c := range []struct {
		name, text string
		kind       Kind
		want       string
	}{
		{"too few cells", "a.jpg,cat\nb.jpg\n", Labels, `x.csv:2: "b.jpg": cells: 1, want 2`},
		{"too many cells", "path;label\na.jpg;cat\nb;c.jpg;cat\n", Labels, `x.csv:3: "b;c.jpg;cat": cells: 3, want 2: "path", "label", with a semicolon between`},
		{"no path", "path,label\n,cat\n", Labels, `x.csv:2: ",cat": the path is empty`},
		{"open quote", "a.jpg,cat\nb.jpg,\"dog\n", Labels, "x.csv:2:7: a quote opens here and is not closed"},
		{"text behind a quote", "a.jpg,cat\n\"b\"c.jpg,dog\n", Labels, "x.csv:2:4: text follows a closing quote"},
		{"no labels", "path\na.jpg\n", Labels, `x.csv:1: there is one column, "path"`},
		{"one bare column", "a.jpg\nb.jpg\n", Labels, `x.csv:1: "a.jpg": cells: 1, want 2`},
		{"which column", "image_id,sex,age\na,f,30\nb,m,40\n", Labels, `no column is known to hold labels: the columns are "image_id", "sex", "age"`},
		{"which images", "label,sex,age\ncat,f,30\n", Labels, `no column names the images: the columns are "label", "sex", "age"`},
		{"three bare columns", "a.jpg,cat,4\nb.jpg,dog,9\n", Labels, "no column is named path, and there are 3"},
		{"two classes of one", "image,MEL,NV\na,1,0\nb,0,1\n" + strings.Repeat("a,1,0\n", 600) + "c,1,1\n", Labels, `x.csv:604: the row has two classes, "MEL" and "NV"`},
		{"no bit", "image,MEL,NV\na,1,0\nb,0,1\n" + strings.Repeat("a,1,0\n", 600) + "c,0.3,0.7\n", Labels, `x.csv:604: "0.3" in the column "MEL"; want 0 or 1`},
		{"several classes", "image,A,B\n1,0,1\n2,1,1\n", Labels, `x.csv:3: the row has several classes`},
		{"JSON", "[\n  {\"path\": 1}\n]\n", Labels, "x.csv: is JSON"},
		{"a zero", "path,label\nimages/a.jpg,cat\x00\nimages/b.jpg,dog\n", Labels, "not a text"},
		{"zeros", "path,label\n\x00\x00\x01", Labels, "not a text"},
		{"a workbook", "PK\x03\x04whatever", Labels, "a workbook (.xlsx, .ods)"},
		{"gzip", "\x1f\x8b\x08\x00", Images, "compressed with gzip"},
		{"mixed encodings", "path,label\na.jpg,caf\xe9\nb.jpg,caf\xc3\xa9\n", Labels, "x.csv:2: the text is neither UTF-8 nor UTF-16"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := rowsOf(t, save(t, "x.csv", c.text), c.kind)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
	if _, err := Open(t.TempDir(), Labels); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
}

// TestEncodings: the same text in every encoding gives the same rows, or is named.
func TestEncodings(t *testing.T) {
	text := "path,label\r\nFüße/é.jpg,Straße\r\nb.jpg,naïve\r\n" + strings.Repeat("c.jpg,Ärger\r\n", 9000) // more than one piece
	want, _, err := rowsOf(t, save(t, "x.csv", text), Labels)
	if err != nil || len(want) != 9002 {
		t.Fatal(len(want), err)
	}
	bom := "\ufeff"
	utf16 := func(e unicode.Endianness) encoding.Encoding { return unicode.UTF16(e, unicode.IgnoreBOM) }
	for _, c := range []struct {
		name string
		enc  encoding.Encoding
		text string
		said bool
	}{
		{"UTF-8 with a mark", encoding.Nop, bom + text, false},
		{"UTF-16LE with a mark", utf16(unicode.LittleEndian), bom + text, false},
		{"UTF-16BE with a mark", utf16(unicode.BigEndian), bom + text, false},
		{"UTF-16LE", utf16(unicode.LittleEndian), text, true},
		{"UTF-16BE", utf16(unicode.BigEndian), text, true},
		{"UTF-32LE with a mark", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), bom + text, false},
		{"UTF-32BE with a mark", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), bom + text, false},
		{"Windows-1252", charmap.Windows1252, text, true},
		{"Latin-1", charmap.ISO8859_1, text, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := c.enc.NewEncoder().String(c.text)
			if err != nil {
				t.Fatal(err)
			}
			rows, notes, err := rowsOf(t, save(t, "x.csv", data), Labels)
			if err != nil || !slices.Equal(rows, want) {
				t.Fatalf("%d rows, %v; want %d: %q", len(rows), err, len(want), rows[:min(3, len(rows))])
			}
			if strings.Contains(notes, "is not UTF-8; it is read as") != c.said {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

// TestForeignAlphabets: a text that Windows-1252 would garble is named, not read.
func TestForeignAlphabets(t *testing.T) {
	for _, c := range []struct {
		enc  encoding.Encoding
		text string
	}{
		{charmap.Windows1251, "path,label\nкот.jpg,кошка\n"},
		{charmap.Macintosh, "path,label\ncafé.jpg,naïve\n"},
		{simplifiedchinese.GBK, "path,label\n猫.jpg,小狗\n"},
		{japanese.ShiftJIS, "path,label\n犬.jpg,猫\n"},
		{charmap.ISO8859_7, "path,label\nγάτα.jpg,σκύλος\n"},
	} {
		data, err := c.enc.NewEncoder().String(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if rows, _, err := rowsOf(t, save(t, "x.csv", data), Labels); err == nil || !strings.Contains(err.Error(), "x.csv:2: the text is neither UTF-8") {
			t.Errorf("%v: %q, %v", c.enc, rows, err)
		}
	}
}
