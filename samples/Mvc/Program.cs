using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Mvc;

var builder = WebApplication.CreateBuilder(args);

// The login is in the store too, so that it ends on every node when its user logs out.
builder.Services.AddClusterSession().UseRedis().AddTicketStore();

// What logins and antiforgery tokens are protected with, the same on every node. Event 6001 says
// what a site that is not a sample adds here.
builder.Services.AddDataProtection().PersistKeysToClusterSession();
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
builder
    .Services.AddControllersWithViews(options => options.Filters.Add<AutoValidateAntiforgeryTokenAttribute>())
    .AddSessionStateTempDataProvider();

var app = builder.Build();
app.UseAuthentication();
app.UseClusterSession();
app.UseAuthorization();
app.MapDefaultControllerRoute();
app.Run();
