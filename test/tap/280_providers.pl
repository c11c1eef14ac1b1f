# Twelve providers answer the same thirty questions: who is it, what may they,
# which tokens are refused, does a rotation go unnoticed.
#
# Q26, Q11, Q12, Q13, Q14, Q21, Q30: what each provider really sends is in
# test/providers/NAME.json, with the lines of doc/how-to/providers/NAME.md that set it up, and
# the answers; test/providers/mint signs it with keys of ours.  A question without
# an answer has the reason in the file.  Where it is about a token that cannot be
# told from another, the page says so, in the same words.  PROVIDERS="okta
# clerk" asks some of them only.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

my $here = $FindBin::RealBin;
my $json = JSON::PP->new->canonical;
my @names = split ' ', $ENV{PROVIDERS} // 'keycloak entra okta cognito clerk workos supabase firebase google zitadel simplejwt postgrest';

# What is asked of a token that is accepted.
my $facts = <<'SQL' =~ s/\n/ /gr;
SELECT json_build_object(
	'issuer', authz.issuer(), 'subject', authz.subject(), 'user_id', authz.user_id(), 'username', authz.username(),
	'email', authz.email(), 'client_id', authz.client_id(), 'roles', authz.roles(), 'groups', authz.groups(),
	'permissions', authz.permissions(), 'scopes', authz.scopes(), 'org_ids', authz.org_ids(),
	'org_names', (SELECT json_object_agg(org_id, org_name ORDER BY org_id) FROM authz.orgs()),
	'org_roles', (SELECT json_object_agg(org_id, authz.org_roles(org_id) ORDER BY org_id) FROM authz.orgs()),
	'org_permissions', (SELECT json_object_agg(org_id, authz.org_permissions(org_id) ORDER BY org_id) FROM authz.orgs()),
	'active_org', authz.active_org_id(), 'actor', authz.actor(), 'acr', authz.acr(), 'amr', authz.amr(),
	'login_told', authz.authenticated_at() IS NOT NULL);
SQL

# The thirty questions.  A list: the answer in the file is about these facts of
# a token.  "refused": it names tokens that are refused, and why.  A function:
# how it is found out (what to ask, and what it must say).
my @questions = (
	who => \&who,
	owner => \&owner,
	user => [qw(user_id username)],
	email => ['email'],
	client => ['client_id'],
	roles => ['roles'],
	groups => ['groups'],
	permissions => ['permissions'],
	scopes => ['scopes'],
	organisations => [qw(org_ids org_names)],
	org_roles => ['org_roles'],
	org_permissions => ['org_permissions'],
	active_organisation => ['active_org'],
	machine => [qw(subject client_id)],
	strength => [qw(acr amr login_told)],
	actor => ['actor'],
	session_revoked => revoked('revoke_session'),
	token_revoked => revoked('revoke_token'),
	subject_revoked => revoked('revoke_subject'),
	id_token => 'refused',
	refresh_token => 'refused',
	other_client => 'refused',
	other_tenant => 'refused',
	other_audience => 'refused',
	times => \&times,
	unsigned => \&unsigned,
	rotation => \&rotation,
	key_set => \&key_set,
	overage => 'refused',
	bound => \&bound);
my %must_be_told = map { $_ => 1 } qw(id_token refresh_token other_client other_tenant other_audience);
is(@questions, 60, 'thirty questions');

my $node = start_node('main');
$node->safe_psql('template1', 'CREATE EXTENSION dbmi_authz');

# ------------------------------------------------------------ one provider --

# Its file, its tokens, its answers, and what has been used of it.
sub load
{
	my ($name) = @_;
	my $file = "$here/../providers/$name.json";
	my ($out, $err);
	IPC::Run::run([ '/usr/bin/python3', "$here/../providers/mint", $file ], '>', \$out, '2>', \$err) or die "test/providers/mint $file: $err";
	my $minted = $json->decode($out);
	return {
		name => $name, page => slurp_file("$here/../../doc/how-to/providers/$name.md") =~ s/\s+/ /gr, %{ $json->decode(slurp_file($file)) }, signed => $minted->{tokens}, variables => $minted->{variables},
		script => '', judges => [], used => {} };
}

# What the session is to run; whoever judges gets the lines that it printed.
sub ask
{
	my ($provider, $question, $sql, $judge) = @_;
	my $number = @{ $provider->{judges} };
	$sql =~ s/%\{(\w+)\}/use_token($provider, $1)/ge;
	$provider->{script} .= "\\echo \@\@\@$number\n$sql\nROLLBACK;\nSELECT authz.clear_token() \\g /dev/null\n";
	push @{ $provider->{judges} }, [ "$provider->{name}: $question", $judge ];
	return;
}

sub use_token
{
	my ($provider, $name) = @_;
	$provider->{used}{$name} = 1;
	return $provider->{signed}{$name} // die "$provider->{name} has no token \"$name\"";
}

# Why the last login failed, if it did.
my $why = q(authz.last_error() ->> 'error_description');

sub login
{
	my ($token) = @_;
	return "SELECT authz.try_set_token('%{$token}'), $why;\n";
}

sub quoted
{
	my ($text) = @_;
	return q(') . ($text =~ s/'/''/gr) . q(');
}

# Lines of the page that hold for one question.
sub with
{
	my ($provider, $answer) = @_;
	return "BEGIN;\n" . lines_of_page($provider, @{ $answer->{with} // [] });
}

# They stand on the page just so, and print nothing here.
sub lines_of_page
{
	my ($provider, @lines) = @_;
	on_page($provider, $_) for @lines;
	return join '', map { s/;\z//r . " \\g /dev/null\n" } @lines;
}

sub on_page
{
	my ($provider, $line) = @_;
	ok(index($provider->{page}, $line =~ s/\s+/ /gr) >= 0, "doc/how-to/providers/$provider->{name}.md has the line $line");
	return;
}

# A token that is accepted: each fact that the question is about.
sub ask_facts
{
	my ($provider, $question, $answer, @about) = @_;
	my $expected = $answer->{is};
	my @missing = grep { !exists $expected->{$_} } @about;
	die "$provider->{name}: $question says nothing about @missing" if @missing;
	my $nothing = @about && !grep { defined $_ && !(ref $_ eq 'ARRAY' && !@$_) } @{$expected}{@about};
	die "$provider->{name}: $question has no answer and no reason" if $nothing && !$answer->{because};
	my @more = sort keys %{ $answer->{asks} // {} };
	ask($provider, $question, with($provider, $answer) . login($answer->{token}) . $facts . join('', map { "\nSELECT $_;" } @more), sub {
		my ($login, $found, @answers) = @_;
		return ($login, $expected) if $login ne 't|';
		my $all = $json->decode($found);
		return ([ { map { $_ => $all->{$_} } keys %$expected }, @answers ], [ $expected, map { $answer->{asks}{$_} } @more ]);
	});
	return;
}

# Tokens that are refused, each for its reason.
sub ask_refused
{
	my ($provider, $question, $answer) = @_;
	my %refused = %{ $answer->{refused} };
	my @tokens = sort keys %refused;
	ask($provider, $question, with($provider, $answer) . join('', map { login($_) } @tokens), sub {
		return ([@_], [ map { "f|$refused{$_}" } @tokens ]);
	});
	return;
}

# ----------------------------------------------------------- the questions --

# And a token that names nobody is refused.
sub who
{
	my ($provider, $question, $answer) = @_;
	ask_facts($provider, $question, $answer, qw(issuer subject));
	ask_refused($provider, 'who, when the token names nobody', { refused => { nameless => 'Invalid payload in token' } });
	return;
}

sub owner
{
	my ($provider, $question, $answer) = @_;
	my $is = quoted($answer->{is});
	ask($provider, $question, login('access') . "SELECT authz.is_owner(${is}::text), authz.is_owner($is || 'x'), authz.is_owner(''::text);", sub { ([@_], [ 't|', 't|f|f' ]) });
	return;
}

# It is refused from then on, in a session that it is in force in, too; another is not.
sub revoked
{
	my ($function) = @_;
	return sub {
		my ($provider, $question, $answer) = @_;
		my ($iss, $is) = map { quoted($_) } $provider->{issuer}, $answer->{is};
		ask($provider, $question, "BEGIN;\n" . login('access') . "SELECT authz.$function($iss, $is || 'x') \\g /dev/null\nSELECT authz.token_state();\n"
			  . "SELECT authz.$function($iss, $is) \\g /dev/null\nSELECT authz.token_state();\n" . login('access'),
			sub { ([@_], [ 't|', 'valid', 'revoked', 'f|Token was revoked' ]) });
		return;
	};
}

sub times
{
	my ($provider, $question) = @_;
	my @cases = (
		access => 't|', expired => 'f|Token has expired', without_exp => 'f|Missing expiration claim', issued_soon => 't|',
		issued_later => 'f|Token was issued in the future', valid_soon => 't|', valid_later => 'f|Token is not yet valid');
	my %expected = @cases;
	my @tokens = grep { exists $expected{$_} } @cases;
	ask($provider, $question, join('', map { login($_) } @tokens), sub { ([@_], [ @expected{@tokens} ]) });
	return;
}

# alg none, a public key as secret, somebody else's key.
sub unsigned
{
	my ($provider, $question) = @_;
	my $because = qr/^f\|(Malformed token: expected header, payload and signature|Invalid or unsupported algorithm|No matching key|Key is bound to another algorithm|Invalid token signature)$/;
	ask($provider, $question, join('', map { login($_) } qw(access unsigned public_key_as_secret forged)), sub {
		my ($access, @others) = @_;
		return ([ $access, map { /$because/ ? 'refused' : $_ } @others ], [ 't|', ('refused') x 3 ]);
	});
	return;
}

# A session goes on while a key is added, and ends when its own goes.
sub rotation
{
	my ($provider, $question, $answer) = @_;
	my $iss = quoted($provider->{issuer});
	my $add = $answer->{add} // "SELECT authz.set_jwks($iss, :'jwks_both')";
	my $drop = $answer->{drop} // "SELECT authz.set_jwks($iss, :'jwks_next')";
	ask($provider, $question, "BEGIN;\n" . login('access') . "$add \\g /dev/null\nSELECT authz.token_state();\n" . login('new_key') . login('access')
		  . "$drop \\g /dev/null\nSELECT authz.token_state();\n" . login('access') . login('new_key'), sub {
		my @lines = @_;
		my ($refused) = splice @lines, 5, 1;
		like($refused, qr/^f\|(No matching key|Key is bound to another algorithm|Invalid token signature)$/, "$provider->{name}: the key that went is missed");
		return (\@lines, [ 't|', 'valid', 't|', 't|', 'revoked', 't|' ]);
	});
	return;
}

# Q14: entries that nobody can use are skipped; a kid that is not there is told.
sub key_set
{
	my ($provider, $question, $answer) = @_;
	my $iss = quoted($provider->{issuer});
	my ($keys, $skipped) = @{ $answer->{is} }{qw(keys skipped)};
	my ($because, $hint) = @{ $answer->{unknown} // [ 'No matching key', "Load the issuer's current keys with set_jwks." ] };
	ask($provider, $question, "BEGIN;\nSELECT authz.set_jwks($iss, :'jwks_odd');\nSELECT json_array_length(skipped) FROM authz.jwks_status WHERE issuer = $iss;\n"
		  . login('access') . login('unknown_kid') . "SELECT authz.set_token('%{unknown_kid}');",
		sub { ([@_], [ $keys, $skipped + 5, 't|', "f|$because", '28000: token was refused', "HINT:  $hint" ]) });
	return;
}

sub bound
{
	my ($provider, $question) = @_;
	ask($provider, $question, login('access') . login('bound'), sub { ([@_], [ 't|', 'f|Token is bound to a key' ]) });
	return;
}

# ------------------------------------------------------------- the answers --

# A question to which a provider has no answer, because of something.
sub told
{
	my ($provider, $question, $because) = @_;
	my $ok = length $because > 10;
	$ok &&= index($provider->{page}, $because =~ s/\s+/ /gr) >= 0 if $must_be_told{$question};
	ok($ok, "$provider->{name}: $question: $because");
	return;
}

sub prepare_question
{
	my ($provider, $question, $how) = @_;
	my $answer = $provider->{answers}{$question};
	die "$provider->{name} does not answer \"$question\"" if !$answer && ref $how ne 'CODE';
	return told($provider, $question, $answer->{none}) if $answer->{none};
	return $how->($provider, $question, $answer) if ref $how eq 'CODE';
	return ask_refused($provider, $question, $answer) if $answer->{refused};
	return ask_facts($provider, $question, $answer, ref $how ? @$how : ());
}

# All of it in one session: the lines of psql, without what leads and follows.
sub run_script
{
	my ($provider) = @_;
	my @set = map { ('-v', "$_=$provider->{variables}{$_}") } sort keys %{ $provider->{variables} };
	my $setup = lines_of_page($provider, @{ $provider->{setup} });
	my $script = "SET client_min_messages = error;\n\\set VERBOSITY verbose\n$setup$provider->{script}";
	my $out = '';
	IPC::Run::run([ 'psql', '-XAtq', @set, '-d', $node->connstr($provider->{name}) ], '<', \$script, '>', \$out, '2>&1');
	my ($before, @parts) = split /^\@\@\@\d+\n/m, $out;
	is($before, '', "$provider->{name} is set up");
	return map {
		[ map { s/^(psql:\S*:? )?ERROR:  //r } grep { !/^(LOCATION|DETAIL|WARNING|LINE|\s*\^)/ } split /\n/, $_ ]
	} @parts;
}

for my $name (@names)
{
	my $provider = load($name);
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	for (my $i = 0; $i < @questions; $i += 2)
	{
		prepare_question($provider, @questions[ $i, $i + 1 ]);
	}
	for my $more (@{ $provider->{more} })
	{
		my $what = $more->{what};
		$more->{refused} ? ask_refused($provider, $what, $more) : ask_facts($provider, $what, $more);
	}
	my @parts = run_script($provider);
	for my $i (0 .. $#{ $provider->{judges} })
	{
		my ($what, $judge) = @{ $provider->{judges}[$i] };
		my ($got, $expected) = $judge->(@{ $parts[$i] // [] });
		is_deeply($got, $expected, $what) or diag(explain($parts[$i]));
	}
	is_deeply([ grep { !$provider->{used}{$_} } sort keys %{ $provider->{tokens} } ], [], "$name: no token of the file is left over");
	my %known = @questions;
	is_deeply([ grep { !exists $known{$_} } sort keys %{ $provider->{answers} } ], [], "$name: no answer without a question");
}

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|eyJ/, 'nothing crashed, no token in the log');
done_testing();
