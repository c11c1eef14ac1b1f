# C8.1: psql gets a token from an issuer by itself (device flow, RFC 8628) and logs in
# with it; with one that is not good enough it does not.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my ($major) = `pg_config --version` =~ /(\d+)/;
plan skip_all => "PostgreSQL $major has no login by token: 18 has" if $major < 18;
plan skip_all => 'dbmi_authz_oauth was not built' unless -e server_directory('pkglibdir') . '/dbmi_authz_oauth.so';
plan skip_all => 'libpq-oauth is not installed' unless glob '/usr/lib/*/libpq-oauth*.so';

my $provider = "$FindBin::RealBin/../provider/device";
my $work = PostgreSQL::Test::Utils::tempdir_short();

# An issuer whose answer is the token in a file.
sub start_issuer
{
	my ($name) = @_;
	my $run = IPC::Run::start([ '/usr/bin/python3', $provider, "$work/$name.port", "$work/$name.token" ], '<', \undef);
	for (1 .. 600)
	{
		last if -e "$work/$name.port";
		select undef, undef, undef, 0.1;
	}
	my ($port) = slurp_file("$work/$name.port") =~ /(\d+)/;
	return ($run, "http://127.0.0.1:$port");
}

my ($good, $issuer) = start_issuer('good');
my $node = start_node('main', "oauth_validator_libraries = 'dbmi_authz_oauth'", "dbmi_authz_oauth.issuers = '$issuer'");
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE ann LOGIN');
trust($node, 'postgres');
$node->safe_psql('postgres', "SELECT authz.add_issuer('$issuer', '{clinic}'), authz.add_pem('$issuer', '" .
	  slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem") . "', 'k1', 'ES256')");
is($node->safe_psql('postgres', 'SELECT authz.export_login_trust()'), '1', 'exported');
open my $hba, '>', $node->data_dir . '/pg_hba.conf' or die $!;
print $hba qq{local all $super trust\nlocal all all oauth issuer="$issuer" scope="db"\n};
close $hba;
$node->restart;

sub log_in
{
	my ($token) = @_;
	open my $file, '>', "$work/good.token" or die $!;
	print $file $token;
	close $file;
	local $ENV{PGOAUTHDEBUG} = 'UNSAFE';
	my ($out, $err);
	IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres') . " user=ann oauth_issuer=$issuer oauth_client_id=c", '-c', 'SELECT current_user, system_user' ],
		'<', \undef, '>', \$out, '2>', \$err);
	return ($out, $err);
}

my ($out, $err) = log_in(mint(iss => $issuer, scope => 'db'));
is($out, "ann|oauth:ann\n", 'accept: after waiting and slowing down') or diag($err);
like($err, qr/Visit https:\/\/example.com\/device and enter the code: ABCD/, 'the user was told where to go');
($out, $err) = log_in(mint(iss => $issuer, scope => 'other'));
is($out, '', 'refuse: a token without the scope');
like($err, qr/OAuth bearer authentication failed for user "ann"/, 'which the client is told');
$good->kill_kill;

done_testing();
