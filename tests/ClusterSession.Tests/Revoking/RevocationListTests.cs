using ClusterSession.Principals;
using ClusterSession.Revoking;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Revoking;

public sealed class RevocationListTests
{
    private static readonly PrincipalKey Alice = PrincipalKey.Of("alice");
    private static readonly PrincipalKey Bob = PrincipalKey.Of("bob");
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private readonly ManualTimeProvider _time = new();
    private readonly RevocationList _list;

    public RevocationListTests() => _list = new RevocationList(_time);

    [Fact]
    public void Record_ends_by_any_end_that_it_does_not_know_of_any_process()
    {
        _list.Take(new Revocation(Alice, 1, 5), Life);
        var before = _list.Heard;
        _list.Take(new Revocation(Alice, 2, 1), Life);
        Assert.Equal(
            (true, true, false),
            (HaveEnded(Alice, 0), HaveEnded(Alice, before), HaveEnded(Alice, _list.Heard))
        );
        Assert.False(HaveEnded(Bob, 0));
    }

    [Fact]
    public void Record_that_knows_a_later_end_of_the_process_than_this_node_lives()
    {
        var ahead = PrincipalVector.With(Alice.ToBytes(), 1, 6).AsSpan(PrincipalKey.ByteLength).ToArray();
        _list.Take(new Revocation(Alice, 1, 5), Life);
        Assert.False(_list.HaveEnded(Alice, ahead));
        _list.Take(new Revocation(Alice, 1, 7), Life);
        Assert.True(_list.HaveEnded(Alice, ahead));
    }

    [Fact]
    public void Earlier_end_that_is_heard_of_later_changes_nothing()
    {
        _list.Take(new Revocation(Alice, 1, 5), Life);
        var heard = _list.Heard;
        _list.Take(new Revocation(Alice, 1, 4), Life);
        Assert.Equal(heard, _list.Heard);
        Assert.False(HaveEnded(Alice, heard));
    }

    [Fact]
    public void Own_end_of_a_request_is_known_to_what_it_records_and_that_of_another_since_is_not()
    {
        var began = _list.Heard;
        _list.Take(new Revocation(Alice, 1, 5), Life);
        var own = _list.Describe(Alice, began, new Revocation(Alice, 1, 5))[PrincipalKey.ByteLength..];
        Assert.False(_list.HaveEnded(Alice, own));
        _list.Take(new Revocation(Alice, 2, 1), Life);
        Assert.True(_list.HaveEnded(Alice, own));
    }

    [Fact]
    public void End_counts_to_the_end_of_its_life_and_is_recorded_a_little_longer()
    {
        _list.Take(new Revocation(Alice, 1, 5), Life);
        _time.Advance(Life - TimeSpan.FromSeconds(1));
        Assert.True(HaveEnded(Alice, 0));
        _time.Advance(TimeSpan.FromSeconds(2));
        _list.Forget();
        Assert.False(HaveEnded(Alice, 0));
        Assert.Equal(PrincipalKey.ByteLength + PrincipalVector.PartLength, _list.Describe(Alice, _list.Heard).Length);
        _time.Advance(TimeSpan.FromMinutes(2));
        _list.Forget();
        Assert.Equal((0, PrincipalKey.ByteLength), (_list.Count, _list.Describe(Alice, _list.Heard).Length));
    }

    [Fact]
    public void Process_that_ends_somebody_again_is_remembered_by_the_later_end()
    {
        _list.Take(new Revocation(Alice, 1, 5), Life);
        _time.Advance(Life / 2);
        _list.Take(new Revocation(Alice, 1, 6), Life);
        _time.Advance((Life / 2) + TimeSpan.FromMinutes(2));
        _list.Forget();
        Assert.True(HaveEnded(Alice, 0));
        Assert.Equal(new Revocation(Alice, 1, 6), Assert.Single(_list.All()).Revocation);
    }

    [Fact]
    public void Record_is_the_key_and_a_part_for_each_process_as_documented()
    {
        _list.Take(new Revocation(Alice, 0x010203040506, 7), Life);
        Assert.Equal(
            "2bd806c97f0e00af1a1fc3328fa763a9" + "010203040506" + "00000007",
            Convert.ToHexStringLower(_list.Describe(Alice, _list.Heard))
        );
    }

    private bool HaveEnded(PrincipalKey principal, long heard) =>
        _list.HaveEnded(principal, _list.Describe(principal, heard).AsSpan(PrincipalKey.ByteLength));
}
