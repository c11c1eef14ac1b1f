# contrib/access-report writes one page that says what access_review() and
# lint() say, is harmless whatever names and claims are in it, and ends with a
# sentence and a status where it cannot.

use strict;
use warnings;
use utf8;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

my $program = "$FindBin::RealBin/../../contrib/access-report";
my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = start_node('main');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE one LOGIN;
CREATE ROLE app LOGIN;
CREATE ROLE stranger LOGIN;
CREATE DATABASE clinic OWNER one;
CREATE DATABASE plain OWNER one;
GRANT app TO one;
SQL
$node->safe_psql('clinic', <<'SQL', extra_params => [ '-U', 'one' ]);
CREATE EXTENSION dbmi_authz;
SELECT authz.add_issuer('https://clinic.example', '{clinic}');
CREATE TABLE visit (id integer PRIMARY KEY, patient text, ward text, note text);
INSERT INTO visit SELECT i, CASE WHEN i % 3 = 0 THEN 'ann' ELSE 'bob' END, CASE WHEN i <= 20 THEN 'north' ELSE 'south' END FROM generate_series(1, 30) i;
ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
CREATE POLICY patient ON visit FOR SELECT USING (authz.is_owner(patient));
CREATE POLICY nurse ON visit FOR SELECT USING (authz.has_role('nurse') AND ward IN ('north', 'west') AND note IS NULL);
CREATE POLICY curator ON visit USING (authz.has_role('curator'));
CREATE POLICY own ON visit FOR INSERT WITH CHECK (authz.is_owner(patient));
CREATE POLICY odd ON visit FOR DELETE USING (length(patient) > 3);
GRANT SELECT, INSERT, UPDATE, DELETE ON visit TO app;
CREATE TABLE "<script>alert('t')</script>" ("&""<b>" text);
INSERT INTO "<script>alert('t')</script>" VALUES ('ann');
ALTER TABLE "<script>alert('t')</script>" ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON "<script>alert('t')</script>" USING (authz.is_owner("&""<b>"));
GRANT SELECT ON "<script>alert('t')</script>" TO app;
CREATE TABLE "</style><img src=x>" (id integer);
CREATE POLICY forgotten ON "</style><img src=x>" USING (true);
SQL
my @people = ({ sub => 'ann' }, { sub => 'nat', roles => ['nurse'] }, { sub => 'kim', roles => ['curator'] }, { sub => 7 },
	{ sub => q{"><img src=x onerror=alert(1)>} }, { sub => "\x{202e}evil\x{1}\n</pre>" }, { sub => "M\x{fc}ller" });
my $json = JSON::PP->new->canonical->ascii;
append_to_file("$dir/people.json", $json->encode(\@people));
append_to_file("$dir/lines.json", join "\n\n", map { $json->encode($_) } @people);

sub report
{
	my (@options) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ '/usr/bin/python3', $program, '-d', $node->connstr('clinic'), '-U', 'one', @options ], '<', \undef, '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

# What a browser would make of the page: every element with its attributes, and
# the text of the cells, by Python's parser.
my $parser = <<'PYTHON';
import html.parser, json, sys
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.elements, self.rows, self.stack, self.text, self.section = [], [], [], "", ""
    def handle_starttag(self, tag, attributes):
        self.elements.append([tag, dict(attributes)])
        if tag not in ("meta", "br"):
            self.stack.append(tag)
        if tag == "tr":
            self.rows.append([self.section])
        if tag in ("th", "td"):
            self.rows[-1].append("")
    def handle_endtag(self, tag):
        if self.stack.pop() != tag:
            sys.exit("not closed: " + tag)
    def handle_data(self, data):
        self.text += data
        if "h2" in self.stack:
            self.section = data
        if "th" in self.stack or "td" in self.stack:
            if "details" not in self.stack:
                self.rows[-1][-1] += data + "|"
page = Page()
page.feed(open(sys.argv[1], encoding="utf-8").read())
page.close()
json.dump({"elements": page.elements, "rows": page.rows, "text": page.text, "open": page.stack}, sys.stdout)
PYTHON
append_to_file("$dir/parse.py", $parser);

sub parsed
{
	my ($path) = @_;
	my ($out, $err);
	IPC::Run::run([ '/usr/bin/python3', "$dir/parse.py", $path ], '>', \$out, '2>', \$err) or die $err;
	return JSON::PP->new->decode($out);
}

sub cells
{
	my ($page, $section, $name) = @_;
	return [ map { [ @$_[ 2 .. $#$_ ] ] } grep { $_->[0] eq $section && ($_->[1] // '') eq "$name|" } @{ $page->{rows} } ];
}

my ($status, $out, $err) = report('--as-role', 'app', '--people', "$dir/people.json", '--issuer', 'https://clinic.example', '--output', "$dir/page.html");
is("$status $err", '0 ', 'a report is written');
is(sprintf('%o', (stat "$dir/page.html")[2] & 0777), '600', 'which nobody else reads');
my $page = parsed("$dir/page.html");
is_deeply($page->{open}, [], 'all of its elements are closed');

# what it says
is_deeply(cells($page, 'public.visit', 'ann'),
	[ [ '10 rows|rows where patient is “ann”|', 'allowed|may add rows where patient is “ann”|', '0 rows|no row|', '0 rows|rows where a condition holds (see SQL) and patient is “ann”|' ] ],
	'ann, as access_review() counts');
is(cells($page, 'public.visit', 'nat')->[0][0], '20 rows|rows where patient is “nat”, or (ward is one of “north”, “west” and note is empty)|', 'a nurse');
is_deeply([ @{ cells($page, 'public.visit', 'kim')->[0] }[ 0 .. 2 ] ], [ '30 rows|every row|', 'allowed|may add any row|', '30 rows|every row|' ], 'who reaches everything');
like(cells($page, 'public.visit', '7')->[0][0], qr/^failed\|22023: /, 'claims that cannot be read');
like(cells($page, 'People for whom the review failed', '7')->[0][0], qr/^22023: /, 'who stand apart, too');
like($page->{text}, qr/read public\.visitkim/, 'and so do those who reach every row');
like($page->{text}, qr/Role app has no privilege for this\./, 'a privilege that the role has not');
like($page->{text}, qr/readevery row: 1 person some rows: /, 'how many people reach what');
like($page->{text}, qr/row security off.*table public\."<\/style><img src=x>"/s, 'what the linter finds');
my $counts = $node->safe_psql('clinic', <<"SQL", extra_params => [ '-U', 'one' ]);
SELECT string_agg(coalesce(row_count::text, '-'), ' ') FROM authz.access_review('visit', ARRAY(SELECT json_array_elements(\$j\$${\ $json->encode(\@people) }\$j\$)), 'app', 'https://clinic.example');
SQL
is(join(' ', map { $_->[2] =~ /^(\d+) rows?\|/ ? $1 : '-' } grep { $_->[0] eq 'public.visit' && $_->[1] ne 'person|' } @{ $page->{rows} }), $counts, 'the numbers are those of access_review()');

# nothing of others is more than text
is(join(' ', sort keys %{ { map { $_->[0] => 1 } @{ $page->{elements} } } }),
	'b bdi body dd details div dl dt h1 h2 h3 head html li main meta p pre section span style summary table tbody td th thead title tr ul', 'only elements of ours');
is(join(' ', sort keys %{ { map { map { $_ => 1 } keys %{ $_->[1] } } @{ $page->{elements} } } }), 'charset class content data-label http-equiv lang name scope', 'only attributes of ours');
my ($policy) = map { $_->[1]{content} } grep { ($_->[1]{'http-equiv'} // '') eq 'Content-Security-Policy' } @{ $page->{elements} };
like($policy, qr/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+\/]+=*'; base-uri 'none'; form-action 'none'$/, 'and a policy that allows nothing but the style');
my $raw = slurp_file("$dir/page.html");
my ($style) = $raw =~ /<style>(.*?)<\/style>/s;
my ($hash) = $policy =~ /sha256-([^']+)/;
require Digest::SHA;
require MIME::Base64;
is(MIME::Base64::encode_base64(Digest::SHA::sha256($style), ''), $hash, 'whose sum it has');
unlike($style, qr/url|import/, 'which loads nothing');
unlike($raw, qr/\xe2\x80\xae|[\x00-\x09\x0b-\x1f]/, 'characters that cannot be seen are written out');
like($page->{text}, qr/\\u202eevil\\u0001/, 'as numbers');
like($raw, qr/M\xc3\xbcller/, 'and letters stay letters');

# other ways to call it
($status, $out, $err) = report('--as-role', 'app', '--people', "$dir/lines.json", '--issuer', 'https://clinic.example', '--table', 'public.visit', '--table', 'public.visit', '--command', 'SELECT', '--output', '-');
append_to_file("$dir/lines.html", $out);
is_deeply(cells(parsed("$dir/lines.html"), 'public.visit', 'ann'), [ ['10 rows|rows where patient is “ann”|'] ], 'one object in each line, one table, one command, to standard output');
is($status, 0, 'is a report, too');
($status, $out, $err) = report('--as-role', 'stranger', '--people', "$dir/people.json", '--table', 'public.visit', '--output', "$dir/stranger.html");
like(parsed("$dir/stranger.html")->{text}, qr/Role stranger has no privilege for this\..*Person|Role stranger has no privilege for this\./s, 'a role without any privilege is no error');

($status, $out, $err) = report('--version');
my ($version) = slurp_file("$FindBin::RealBin/../../dbmi_authz.control") =~ /^default_version = '(.*)'/m;
is($out, "access-report (dbmi_authz) $version\n", 'its version is that of the extension');
IPC::Run::run([ '/usr/bin/python3', $program, '-U', 'one', '--as-role', 'app', '--people', "$dir/lines.json", '--issuer', 'https://clinic.example', '--output', "$dir/named.html", $node->connstr('clinic') ], '<', \undef, '>', \$out, '2>', \$err);
is($out, "$dir/named.html: 7 people, 2 tables\n", 'the database without -d, and what was written');

# what it cannot do
append_to_file("$dir/bad.json", "{\"sub\": \"a\"}\n{\"sub\": }\n");
append_to_file("$dir/nan.json", "[{\"sub\": \"a\",\n\"n\": NaN}]\n");
append_to_file("$dir/none.json", "\n");
append_to_file("$dir/latin.json", "{\"sub\": \"\xe4\"}");
my @ordinary = ('--as-role', 'app', '--people', "$dir/people.json", '--output', "$dir/not.html");
for (
	[ 1, qr/bad\.json, line 2, column 9: /, 'JSON that is none', '--people', "$dir/bad.json" ],
	[ 1, qr/nan\.json, line 1: NaN is not JSON/, 'a number that is none', '--people', "$dir/nan.json" ],
	[ 1, qr/none\.json names nobody/, 'nobody', '--people', "$dir/none.json" ],
	[ 1, qr/latin\.json is not UTF-8/, 'another encoding', '--people', "$dir/latin.json" ],
	[ 1, qr/Could not read .*nowhere: No such file/, 'no file', '--people', "$dir/nowhere" ],
	[ 1, qr/Table "visits" does not exist/, 'an unknown table', '--table', 'visits' ],
	[ 1, qr/"a\.b\.c\.d" names no table: /, 'what names none', '--table', 'a.b.c.d' ],
	[ 1, qr/Role "no'body" does not exist/, 'an unknown role', '--as-role', "no'body" ],
	[ 1, qr/Issuer "https:\/\/clinic" does not exist/, 'an unknown issuer', '--issuer', 'https://clinic' ],
	[ 1, qr/^access-report: The review failed: permission denied to set role "\w+"\.$/m, 'a role that one cannot take', '--as-role', $node->safe_psql('postgres', 'SELECT current_user') ],
	[ 1, qr/Role "stranger" is not the owner of database "clinic"/, 'somebody else', '-U', 'stranger' ],
	[ 1, qr/Database "plain" has no extension/, 'no extension', '-d', $node->connstr('plain') ],
	[ 3, qr/No connection to the database: /, 'no connection', '-d', 'port=1 host=/nowhere' ],
	[ 1, qr/Could not write .*: No such file/, 'no directory', '--output', "$dir/no/where.html" ],
	[ 2, qr/usage/, 'another option', '--odd' ])
{
	my ($wanted, $sentence, $what, @options) = @$_;
	($status, $out, $err) = report(@ordinary, @options);
	is($status, $wanted, "$what: the status");
	like($err, $sentence, 'and a sentence');
	unlike($err, qr/Traceback/, 'and no more');
}
ok(!-e "$dir/not.html", 'nothing was written');
is(join(' ', map { s{.*/}{}r } glob "$dir/.access-report*"), '', 'and nothing is left');

done_testing();
