using System.Text;
using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Tests.Redis.Connection.Fencing;

public sealed class LeaseGateTests
{
    private static readonly string RunId = new('1', LeaseRecord.RunIdLength);

    [Theory]
    [InlineData("")]
    [InlineData("1111111111111111111111111111111111111111")]
    [InlineData("1111111111111111111111111111111111111111 ")]
    [InlineData("1111111111111111111111111111111111111111 0")]
    [InlineData("1111111111111111111111111111111111111111 -1")]
    [InlineData("1111111111111111111111111111111111111111 7x")]
    [InlineData("1111111111111111111111111111111111111111  7")]
    [InlineData("111111111111111111111111111111111111111 77")]
    [InlineData("1111111111111111111111111111111111111111 99999999999999999999")]
    public void Record_that_is_not_quite_one_opens_nothing(string value)
    {
        Assert.False(LeaseRecord.TryParse(Encoding.ASCII.GetBytes(value), out _));
        Assert.NotNull(Gate(new LeaseEpochs()).WhyClosed(Encoding.ASCII.GetBytes(value)));
    }

    [Fact]
    public void Record_is_read_as_it_is_written()
    {
        var tenure = new Tenure(RunId, long.MaxValue);
        Assert.True(LeaseRecord.TryParse(Encoding.ASCII.GetBytes(LeaseRecord.Text(tenure)), out var read));
        Assert.Equal(tenure, read);
    }

    [Fact]
    public void Own_record_opens_and_anothers_does_not()
    {
        var gate = Gate(new LeaseEpochs());
        Assert.Null(gate.WhyClosed(Bytes(RunId, 3)));
        Assert.Contains("another process", gate.WhyClosed(Bytes(new string('2', 40), 4)), StringComparison.Ordinal);
    }

    [Fact]
    public void Epoch_lower_than_any_that_was_seen_on_any_connection_is_closed()
    {
        var epochs = new LeaseEpochs();
        var (first, second) = (Gate(epochs), Gate(epochs));
        Assert.Null(first.WhyClosed(Bytes(RunId, 3)));
        Assert.Null(second.WhyClosed(Bytes(RunId, 5)));
        Assert.Equal("its epoch is 3, and 5 was seen", first.WhyClosed(Bytes(RunId, 3)));
        Assert.Null(first.WhyClosed(Bytes(RunId, 5)));
    }

    [Fact]
    public void Gate_names_the_lease_under_which_its_process_was_let_in_last()
    {
        var gate = Gate(new LeaseEpochs());
        Assert.Equal(0, gate.Epoch);
        gate.WhyClosed(Bytes(new string('2', 40), 9));
        Assert.Equal(0, gate.Epoch);
        gate.WhyClosed(Bytes(RunId, 3));
        gate.WhyClosed(Bytes(RunId, 5));
        gate.WhyClosed(Bytes(RunId, 4));
        Assert.Equal(5, gate.Epoch);
    }

    [Fact]
    public void Epoch_of_another_process_teaches_nothing()
    {
        var epochs = new LeaseEpochs();
        Gate(epochs).WhyClosed(Bytes(new string('2', 40), 9));
        Assert.Null(Gate(epochs).WhyClosed(Bytes(RunId, 3)));
    }

    [Fact]
    public void Any_prefix_is_a_string_of_Lua()
    {
        var gate = new LeaseGate("it's \\ a\nname\u00e4:1:lease"u8.ToArray(), RunId, new LeaseEpochs());
        Assert.Contains(@"'it\039s\032\092\032a\010name\195\164:1:lease'", gate.Lua, StringComparison.Ordinal);
    }

    private static LeaseGate Gate(LeaseEpochs epochs) => new("cs:1:lease"u8.ToArray(), RunId, epochs);

    private static byte[] Bytes(string runId, long epoch) =>
        Encoding.ASCII.GetBytes(LeaseRecord.Text(new Tenure(runId, epoch)));
}
