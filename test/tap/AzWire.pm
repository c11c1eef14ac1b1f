package AzWire;

# The extended protocol, message by message, for what psql does not do: several
# statements before one Sync, portals that stay open, a limit of rows.

use strict;
use warnings;

use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);

# A connection over the node's socket, which trusts everybody.
sub new
{
	my ($class, $node, %opt) = @_;
	my $socket = IO::Socket::UNIX->new(
		Type => SOCK_STREAM,
		Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "no connection: $!";
	my $self = bless { socket => $socket, sent => '', heard => [] }, $class;
	my $start = pack('N', 196608) . join("\0", 'user', $opt{user} // 'app', 'database', $opt{db} // 'postgres',
		(defined $opt{options} ? ('options', $opt{options}) : ()), '', '');
	$self->{socket}->syswrite(pack('N', 4 + length $start) . $start);
	$self->answers;
	return $self;
}

sub send_message
{
	my ($self, $type, $body) = @_;
	$self->{sent} .= $type . pack('N', 4 + length $body) . $body;
	return $self;
}

sub query { return $_[0]->send_message('Q', "$_[1]\0"); }
sub parse { return $_[0]->send_message('P', "$_[1]\0$_[2]\0" . pack('n', 0)); }
# The parameters, if any, as text.
sub bind
{
	my ($self, $portal, $statement, @params) = @_;
	return $self->send_message('B', "$portal\0$statement\0" . pack('nn', 0, scalar @params) .
		join('', map { pack('N', length) . $_ } @params) . pack('n', 0));
}
sub execute { return $_[0]->send_message('E', "$_[1]\0" . pack('N', $_[2] // 0)); }
sub sync { return $_[0]->send_message('S', ''); }

# All that at once: a statement without name, and its portal.
sub run
{
	my ($self, $sql, $rows) = @_;
	return $self->parse('', $sql)->bind('', '')->execute('', $rows);
}

sub read_bytes
{
	my ($self, $n) = @_;
	my $bytes = '';
	while (length $bytes < $n)
	{
		my $got = $self->{socket}->sysread($bytes, $n - length $bytes, length $bytes);
		die 'the server closed the connection' unless $got;
	}
	return $bytes;
}

# Send what was put together, and do not wait.
sub send_all
{
	my ($self) = @_;
	$self->{socket}->syswrite($self->{sent});
	$self->{sent} = '';
	return $self;
}

# The errors, warnings and notices since the last call, with all their fields.
sub heard
{
	my ($self) = @_;
	my @heard = @{ $self->{heard} };
	$self->{heard} = [];
	return @heard;
}

# Send what was put together, and read up to ReadyForQuery: the first message,
# its type and its body.
sub answer
{
	my ($self) = @_;
	my @first;
	$self->send_all;
	while (1)
	{
		my ($type, $length) = unpack 'aN', $self->read_bytes(5);
		my $body = $self->read_bytes($length - 4);
		return @first if $type eq 'Z';
		@first = ($type, $body) unless @first || $type =~ /[NS]/;
	}
}

# Send what was put together and read up to ReadyForQuery: rows as "a|b",
# "SQLSTATE: message" for errors, "suspended" where a limit ended a portal.
sub answers
{
	my ($self) = @_;
	my @answers;
	$self->send_all;
	while (1)
	{
		my ($type, $length) = unpack 'aN', $self->read_bytes(5);
		my $body = $self->read_bytes($length - 4);
		last if $type eq 'Z';
		push @{ $self->{heard} }, $body if $type =~ /[EN]/;
		if ($type eq 'D')
		{
			my @values;
			my ($n, $at) = (unpack('n', $body), 2);
			while ($n-- > 0)
			{
				my $len = unpack 'l>', substr $body, $at, 4;
				push @values, $len < 0 ? '' : substr $body, $at + 4, $len;
				$at += 4 + ($len < 0 ? 0 : $len);
			}
			push @answers, join '|', @values;
		}
		elsif ($type eq 'E')
		{
			my %field = map { substr($_, 0, 1) => substr($_, 1) } grep { length } split /\0/, $body;
			push @answers, "$field{C}: $field{M}";
		}
		push @answers, 'suspended' if $type eq 's';
		push @answers, $body if $type eq 'd';
	}
	return @answers;
}

1;
